//! The native client engine: connects to an agent and to NES and speaks the envelope
