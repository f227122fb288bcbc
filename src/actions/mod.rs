//! Changes to AWS as plans: what is legal, what will happen, and whether it worked. Pure.
