//! The library as C sees it: header, exports, compilers, and programs in C that call it.

mod classic;
mod compile;
mod declarations;
mod exports;
mod handles;
mod header;
mod install;
mod live;
mod manual;
mod names;
mod reference;
mod toolchain;
