//! The Nymi Agent: channel protocol and WebAPI
