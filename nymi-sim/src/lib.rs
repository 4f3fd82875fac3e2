//! Virtual hardware: bands, radio, readers, and the program nymulator
