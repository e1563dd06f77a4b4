//! The macro for enums whose variants have stable codes.
//!
//! It stays a macro of ours instead of `strum`: sixteen lines against a derive crate with its parser, and the crate keeps
//! its few small dependencies.

macro_rules! coded {
    ($(#[$meta:meta])* $name:ident, $all:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }
        /// Every one, in order.
        pub const $all: [$name; [$($code),*].len()] = [$($name::$variant),*];
        impl $name {
            /// The stable code that the API shows.
            pub fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }
        }
    };
}
pub(crate) use coded;
