//! A macro for enums whose variants have stable codes.
//!
//! These few lines replace `strum` here, so that the crate needs no derive macros and keeps its few small
//! dependencies.

macro_rules! coded {
    ($(#[$meta:meta])* $name:ident, $all:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }
        /// Every variant, in order.
        pub const $all: [$name; [$($code),*].len()] = [$($name::$variant),*];
        impl $name {
            /// Returns the stable code that the API shows.
            pub fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }
        }
    };
}
pub(crate) use coded;
