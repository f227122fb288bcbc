//! placeholder until merge
#![allow(missing_docs)]
