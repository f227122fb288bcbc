//! The only impure middle: terminal, timers, signals, requests.
