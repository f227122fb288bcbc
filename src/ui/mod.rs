//! State to cells. Pure.
