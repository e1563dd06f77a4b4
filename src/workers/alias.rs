//! What others call a worker in lists: an alias that somebody chose, or one that is composed of area and role.

use crate::catalogue::Catalogue;
use crate::db::Id;
use crate::http::Language;
use std::borrow::Cow;

/// Somebody without a role, in Japanese and English.
const WITHOUT_ROLE: (&str, &str) = ("プロボノワーカー", "Pro bono worker");

/// Composes an alias of an area and the first known role: 新宿区のデザイナー.
pub fn compose<'a>(
    area: Option<&str>,
    mut roles: impl Iterator<Item = &'a str>,
    catalogue: &Catalogue,
) -> String {
    let role = roles.find_map(|code| catalogue.roles.get(code));
    let role = role.map_or(WITHOUT_ROLE.0, |entry| &entry.definition.names.ja);
    match area.and_then(|code| catalogue.area(code)) {
        Some(area) => format!("{}の{role}", catalogue.fixed.name_here(area)),
        None => role.to_owned(),
    }
}

/// Returns a worker's alias in a language: "Designer in Shinjuku-ku" for 新宿区のデザイナー. One that isn't composed of the
/// worker's area and a role stays as somebody chose it.
pub fn in_language<'a>(
    alias: &'a str,
    area: Option<&str>,
    catalogue: &Catalogue,
    language: Language,
) -> Cow<'a, str> {
    let english = || {
        let areas = &catalogue.fixed.areas;
        let (role, place) = match alias.rsplit_once('の') {
            None => (alias, None),
            Some((place, role)) => {
                let area = catalogue.area(area?)?;
                let is_full = place == areas.full_name(area);
                let english = if is_full {
                    areas.full_english(area)
                } else {
                    area.english.clone()
                };
                (
                    role,
                    Some(english)
                        .filter(|_| is_full || place == area.name)
                        .map(Some)?,
                )
            }
        };
        let mut roles = catalogue.roles.iter().map(|entry| &entry.definition.names);
        let known = roles
            .find(|names| names.ja == role)
            .map(|names| names.en.as_str());
        let role = known.or((role == WITHOUT_ROLE.0).then_some(WITHOUT_ROLE.1))?;
        Some(place.map_or_else(|| role.to_owned(), |place| format!("{role} in {place}")))
    };
    match language {
        Language::Ja => Cow::Borrowed(alias),
        Language::En => english().map_or(Cow::Borrowed(alias), Cow::Owned),
    }
}

/// Returns eight letters from the random part of an id. Of a thousand workers, two have the same with a chance of one in
/// two million.
pub fn own_letters(id: Id) -> String {
    /// Crockford's base 32, without letters that look alike.
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = id.0.as_u128();
    let letter = |i: u32| {
        LETTERS
            .get((random >> (5 * i)) as usize & 31)
            .map_or('0', |c| char::from(*c))
    };
    let four = |from: u32| (from..from + 4).map(letter).collect::<String>();
    format!("{}-{}", four(0), four(4))
}

/// Returns the letters of a worker that a search names: GCFN-D9X2, also at the end of a name as rankings show it.
pub fn letters_in(search: &str) -> Option<String> {
    let last = text::fold(search.split_whitespace().next_back()?);
    let (first, second) = last.split_once('-')?;
    let is_four = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_four(first) && is_four(second)).then_some(last)
}

/// Returns the letters of a worker as they stand in the index. The character before them, which is in no text, keeps a search for
/// one letter from finding those who happen to begin with it.
pub fn letters_gram(letters: &str) -> String {
    format!("\u{e000}{}", letters.replace('-', "").to_lowercase())
}
