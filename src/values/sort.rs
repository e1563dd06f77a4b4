//! The `sort` parameter of a list.

/// Defines the orders of a list, each with its code: the value of `sort`, and the order that a cursor belongs to.
/// Mark the default with `#[default]`.
///
/// The code is a `tt`: utoipa does not see through a `literal`, and would document the variants' Rust names.
macro_rules! sort_order {
    ($(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident = $code:tt),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, strum::IntoStaticStr)]
        pub enum $name {
            $($(#[$variant_about])* #[serde(rename = $code)] #[strum(serialize = $code)] $variant),+
        }

        impl $name {
            pub fn code(self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use sort_order;
