//! A simulated AWS. It imports nothing of the rest of the program: it is the other opinion.
