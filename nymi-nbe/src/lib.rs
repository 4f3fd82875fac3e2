//! Nymi Bluetooth Endpoint
