//! `ecsight`: a terminal UI for operating Amazon ECS.
//!
//! ```text
//!  terminal ─▶ runtime ──Msg──▶ app::update(&mut App, Msg) ──Effect──▶ runtime ──▶ aws ──▶ AWS (or sim, over HTTP)
//!                 ▲                                                        │
//!                 └───────────────────────────Msg──────────────────────────┘
//!                                     ui::view(&App) ─▶ cells
//! ```
//!
//! The core (`model`, `diagnose`, `actions`, `app`, `ui`) is pure: no clock, no environment, no I/O. `aws` alone knows the
//! SDK, `runtime` alone knows the terminal and the clock, `sim` imports nothing of ours.

pub mod actions;
pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod diagnose;
pub mod headless;
pub mod logs;
pub mod model;
pub mod runtime;
pub mod sim;
pub mod ui;
