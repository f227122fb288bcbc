//! Facts to findings, without any I/O.
