//! The core as a whole: messages in, effects out, with a small world answering in virtual time.

mod action;
mod cursor;
mod diagnosis;
mod insights;
mod logs;
mod polling;
mod world;
