//! Enums whose values have a code on the wire and in a column.

/// Defines an enum with codes, as described in [`crate::values`]. What comes before the name is put on the enum, so that
/// `#[derive(Default)]` gives it a first value.
macro_rules! coded_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[derive(strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$variant_about])* $variant),+ }

        impl $name {
            pub fn code(self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use coded_enum;
