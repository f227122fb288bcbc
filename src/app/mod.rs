//! All state of the user interface and everything that changes it. Pure.
