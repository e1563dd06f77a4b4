//! Whom a file names, as keyed digests of each of its lines, so that erasing a person finds the files that they are in.
//!
//! Some things of a person are enough alone: the address of an account, the id of a record, an id together with its source; and a name, where
//! it is the whole cell of a column of names and its row says by nothing else who it is. Of what many share (a name in any other
//! place, its reading, an employer), two have to stand in one line: 小林 is in many a text that isn't about the person. So has one of
//! these with an address or a number of a profile, into which anybody can write those of an office. Where a line has more words than
//! are looked for, the second may be among the others, so that one is enough.
//!
//! `look` finds addresses, numbers, ids and words anywhere in a file, also where nothing is read as a row. What only the columns
//! tell (that a cell is a name, or an id of a source) is added as their rows are read.

use crate::auth::secret::KeyedDigest;
use crate::db::Id;
use crate::duplicates::people::{plain_email, plain_kana, plain_name};
use crate::imports::ImportKind;
use crate::imports::columns::Columns;
use crate::users::AccountRecord;
use crate::workers::Worker;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tables::Row;
use tables::cells::one_line;
use text::fold;
use uuid::Uuid;

/// The digits of a phone number, without the zeros that it begins with.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=11;
/// The characters of a name or another word that is looked for.
const WORD: std::ops::RangeInclusive<usize> = 2..=40;
/// The words of a cell that are looked for in any case.
const FEWEST_WORDS: usize = 40;
/// The bytes of a longer cell for each of its words that is looked for: keys take a few times the room of the file, not more. A name
/// in a list (佐藤 花子、 or Hana Kato,) has three: each part, and both together.
const BYTES_OF_WORD: usize = 3;
/// Stands in a line of which not all words are looked for: there, one thing of a person is enough.
const CUT: u64 = u64::MAX;

/// The line of a row, and the digest of something that names a person. An odd one needs another one of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPerson {
    pub line: u32,
    pub key: u64,
}

const BYTES: usize = 12;

/// Writes the people of many rows as bytes.
pub fn encode(people: &[RowPerson]) -> Vec<u8> {
    let bytes = |one: &RowPerson| one.line.to_be_bytes().into_iter().chain(one.key.to_be_bytes());
    people.iter().flat_map(bytes).collect()
}

/// Reads what [`encode`] wrote.
fn decode(bytes: &[u8]) -> impl Iterator<Item = RowPerson> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    bytes.chunks_exact(BYTES).map(move |one| {
        let (line, key) = one.split_at(4);
        RowPerson {
            line: number(line) as u32,
            key: number(key),
        }
    })
}

fn is_enough(key: u64) -> bool {
    key.is_multiple_of(2)
}

/// Returns the digest of an address or a number that nobody has proven to be the person's, from the one that files have.
fn unproven(contact: u64) -> u64 {
    contact | 1
}

/// Returns the digests that people may have of what a file has.
pub fn forms(key: u64) -> [u64; 2] {
    [key, unproven(key)]
}

fn is_somebody(told: &BTreeSet<u64>) -> bool {
    told.len() > 1 || told.first().is_some_and(|key| is_enough(*key))
}

/// The digests of erased people, and whose each is: a line with the name of one and the employer of another names neither.
#[derive(Debug, Default)]
pub struct Erased(BTreeMap<u64, BTreeSet<Id>>);

impl Extend<(u64, Id)> for Erased {
    fn extend<T: IntoIterator<Item = (u64, Id)>>(&mut self, digests: T) {
        for (key, person) in digests {
            self.0.entry(key).or_default().insert(person);
        }
    }
}

impl FromIterator<(u64, Id)> for Erased {
    fn from_iter<T: IntoIterator<Item = (u64, Id)>>(digests: T) -> Erased {
        let mut erased = Erased::default();
        erased.extend(digests);
        erased
    }
}

impl Erased {
    pub fn people(&self) -> BTreeSet<Id> {
        self.0.values().flatten().copied().collect()
    }

    /// Returns of whom a digest of a file tells what.
    fn told(&self, key: u64) -> impl Iterator<Item = (Id, u64)> {
        /// Any address and any number: both of an office stand in one line, and anybody can write both into a profile.
        const UNPROVEN: u64 = 1;
        let of = |key| self.0.get(&key).into_iter().flatten().copied();
        let stated = Some(unproven(key)).filter(|_| is_enough(key));
        let stated = stated.into_iter().flat_map(of);
        of(key)
            .map(move |person| (person, key))
            .chain(stated.map(|person| (person, UNPROVEN)))
    }

    /// Returns whether the digests of a row name somebody.
    pub fn is_named(&self, row: &BTreeSet<u64>) -> bool {
        let mut found: BTreeMap<Id, BTreeSet<u64>> = BTreeMap::new();
        for (person, told) in row.iter().flat_map(|key| self.told(*key)) {
            found.entry(person).or_default().insert(told);
        }
        found.values().any(is_somebody)
    }

    /// Returns the lines of a part of a file, as [`encode`] wrote it, that name somebody.
    pub fn lines_of(&self, part: &[u8]) -> BTreeSet<i64> {
        let mut found: BTreeMap<(u32, Id), BTreeSet<u64>> = BTreeMap::new();
        let mut cut = BTreeSet::new();
        for RowPerson { line, key } in decode(part) {
            if key == CUT {
                cut.insert(line);
            }
            for (person, told) in self.told(key) {
                found.entry((line, person)).or_default().insert(told);
            }
        }
        let named = found
            .into_iter()
            .filter(|((line, _), told)| cut.contains(line) || is_somebody(told));
        named.map(|((line, _), _)| i64::from(line)).collect()
    }
}

/// Makes digests of what names people.
#[derive(Clone, Copy)]
struct Maker<'d>(&'d KeyedDigest);

impl Maker<'_> {
    /// Of something that is enough alone.
    fn enough(self, kind: &str, text: &str) -> u64 {
        self.0.short(kind, text) & !1
    }

    /// Of something of which two are needed.
    fn word(self, plain: &str) -> Option<u64> {
        let is_word = WORD.contains(&plain.chars().count()) && plain.chars().any(char::is_alphabetic);
        is_word.then(|| self.0.short("word", plain) | 1)
    }

    fn id(self, source: &str, external_id: &str) -> u64 {
        self.enough("external id", &format!("{source}\n{external_id}"))
    }

    fn record(self, id: Uuid) -> u64 {
        self.enough("record", &id.to_string())
    }

    fn name(self, name: &str) -> Option<u64> {
        // One character is too little to tell people apart.
        let plain = plain_name(name);
        WORD.contains(&plain.chars().count())
            .then(|| self.enough("name", &plain))
    }

    /// Of the addresses, numbers and ids of records that stand anywhere in a text.
    fn contacts(self, text: &str, keys: &mut BTreeSet<u64>) {
        let is_long = text.chars().filter(|c| c.is_numeric()).count() >= *PHONE_DIGITS.start();
        let has_address = text.contains(['@', '＠']);
        keys.extend(records(text).map(|id| self.record(id)));
        if !is_long && !has_address {
            return;
        }
        let text = fold(text);
        if has_address {
            keys.extend(addresses(&text).map(|one| self.enough("email", &one)));
        }
        if is_long {
            keys.extend(numbers(&text).iter().map(|one| self.enough("phone", one)));
        }
    }

    /// Of what may be a name, a reading or an employer in a text: what stands between its marks, its lines, and its words, alone and by
    /// two.
    fn words(self, text: &str, keys: &mut BTreeSet<u64>) {
        let mut left = FEWEST_WORDS.max(text.len() / BYTES_OF_WORD);
        // Returns whether there was room.
        let mut take = |word: &str| {
            let word = word.trim();
            let bare = Some(without_title(word)).filter(|bare| *bare != word);
            let mut of_word = [word].into_iter().chain(bare);
            of_word.all(|word| match self.word(&plain(word)) {
                Some(key) if !keys.contains(&key) => {
                    let has_room = left > 0;
                    if has_room {
                        left -= 1;
                        keys.insert(key);
                    }
                    has_room
                }
                _ => true,
            })
        };
        let mut between = text
            .split(|c: char| !c.is_alphanumeric() && !c.is_whitespace())
            .filter(|piece| !piece.is_empty());
        let is_whole = between.all(|piece| {
            let lines = piece
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<&str>>());
            let lines: Vec<Vec<&str>> = lines.filter(|words| !words.is_empty()).collect();
            // A name may be broken, where a word stands alone in its line.
            let mut broken = lines.windows(2).filter_map(|two| match two {
                [above, below] if above.len().min(below.len()) == 1 => {
                    Some([*above.last()?, *below.first()?].concat())
                }
                _ => None,
            });
            let is_one_word = piece.split_whitespace().nth(1).is_none();
            take(piece)
                && (is_one_word
                    || lines.iter().all(|words| {
                        (lines.len() < 2 || take(&words.join(" ")))
                            && words.iter().all(|word| take(word))
                            && (words.len() < 3 || words.windows(2).all(|pair| take(&pair.concat())))
                    }))
                && broken.all(|pair| take(&pair))
        });
        if !is_whole {
            keys.insert(CUT);
        }
    }
}

/// Normalises a word. Words of kana alone may be readings.
fn plain(word: &str) -> String {
    let plain = plain_name(word);
    let is_kana = |c: char| matches!(c, '\u{3041}'..='\u{30ff}');
    match plain.chars().all(is_kana) {
        true => plain_kana(word),
        false => plain,
    }
}

/// Returns a name without what one calls somebody.
fn without_title(name: &str) -> &str {
    const TITLES: [&str; 8] = ["様", "さま", "さん", "氏", "先生", "殿", "君", "ちゃん"];
    let bare = TITLES.iter().find_map(|title| name.strip_suffix(title));
    bare.map(str::trim_end)
        .filter(|bare| bare.chars().nth(1).is_some())
        .unwrap_or(name)
}

/// Returns the ids of records in a text.
fn records(text: &str) -> impl Iterator<Item = Uuid> {
    const LENGTH: usize = 36;
    let words = Some(text)
        .filter(|text| text.len() >= LENGTH && text.contains('-'))
        .into_iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_hexdigit() && c != '-'));
    words
        .filter(|word| word.len() == LENGTH)
        .filter_map(|word| Uuid::parse_str(word).ok())
}

/// Returns the addresses in a text that is folded.
fn addresses(text: &str) -> impl Iterator<Item = String> {
    let is_own = |c: char| c.is_ascii_alphanumeric() || "._%+-'".contains(c);
    text.match_indices('@').filter_map(move |(at, _)| {
        let (before, after) = text.split_at_checked(at)?;
        let own = before
            .rsplit(|c: char| !is_own(c))
            .next()?
            .trim_matches(['.', '-', '\'']);
        let domain = after
            .get(1..)?
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-')
            .next()?
            .trim_matches(['.', '-']);
        (!own.is_empty() && !domain.is_empty()).then(|| plain_email(&format!("{own}@{domain}")))
    })
}

/// Returns the phone numbers in a text that is folded, without Japan's code and the zeros that they begin with: tables lose them.
fn numbers(text: &str) -> BTreeSet<String> {
    const MARKS: &str = " -()+.\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}ー";
    const MOST_GROUPS: usize = 5;
    let mut found = BTreeSet::new();
    let runs = text.split(|c: char| !c.is_ascii_digit() && !MARKS.contains(c));
    for run in runs.filter(|run| run.len() >= *PHONE_DIGITS.start()) {
        let groups: Vec<&str> = run
            .split(|c: char| !c.is_ascii_digit())
            .filter(|group| !group.is_empty())
            .collect();
        for (at, first) in groups.iter().enumerate() {
            let is_abroad = *first == "81";
            if !is_abroad && !first.starts_with('0') && !PHONE_DIGITS.contains(&first.len()) {
                continue;
            }
            let mut digits = String::new();
            for group in groups.iter().skip(at + usize::from(is_abroad)).take(MOST_GROUPS) {
                digits += group;
                let bare = digits.trim_start_matches('0');
                if PHONE_DIGITS.contains(&bare.len()) && digits.len() <= *PHONE_DIGITS.end() {
                    found.insert(bare.to_owned());
                }
            }
        }
    }
    found
}

/// Returns the digests of a worker, by which the lines that name the worker are found: those of the profile and of the account.
pub fn of_worker(digests: &KeyedDigest, worker: &Worker, account: Option<&AccountRecord>) -> BTreeSet<u64> {
    let make = Maker(digests);
    let mut keys = BTreeSet::from([make.record(worker.id.0)]);
    let profile = &worker.profile;
    if let (Some(source), Some(external_id)) = (&profile.source, &profile.external_id) {
        keys.insert(make.id(source, external_id));
    }
    let personal = profile.personal.as_ref();
    let contacts = personal
        .into_iter()
        .flat_map(|one| [&one.email, &one.phone])
        .flatten();
    let mut stated = BTreeSet::new();
    contacts.for_each(|contact| make.contacts(contact, &mut stated));
    keys.extend(stated.into_iter().map(unproven));
    if let Some(account) = account {
        make.contacts(&account.email, &mut keys);
    }
    let names = personal.and_then(|one| one.name.as_ref()).into_iter();
    for name in names.chain(account.map(|account| &account.name)) {
        keys.extend(make.name(name).into_iter().chain(make.word(&plain(name))));
    }
    let words = personal.into_iter().flat_map(|one| [&one.kana, &one.employer]);
    keys.extend(words.flatten().filter_map(|word| make.word(&plain(word))));
    keys
}

/// Returns the digests by which a row of workers identifies its person.
pub fn identities<'e>(
    digests: &KeyedDigest,
    source: &str,
    name: &str,
    contacts: impl Iterator<Item = &'e str>,
    external_ids: impl Iterator<Item = &'e str>,
) -> BTreeSet<u64> {
    let make = Maker(digests);
    let mut keys: BTreeSet<u64> = external_ids.map(|id| make.id(source, id)).collect();
    keys.extend(make.word(&plain(without_title(name.trim()))));
    contacts.for_each(|contact| make.contacts(contact, &mut keys));
    keys
}

/// Looks through lines for whom they name, whether they are read as rows or not: by addresses, numbers, ids of records, and words.
/// What else a row says depends on what its columns mean, see [`of_row`].
pub struct Lines<'d> {
    make: Maker<'d>,
    /// What short cells have that came before: a list has the same areas, skills and days in many rows.
    known: HashMap<String, BTreeSet<u64>>,
}

impl Lines<'_> {
    pub fn new(digests: &KeyedDigest) -> Lines<'_> {
        Lines {
            make: Maker(digests),
            known: HashMap::new(),
        }
    }

    /// Returns whom a line names.
    pub fn people(&mut self, line: u32, row: &Row) -> Vec<RowPerson> {
        const LONGEST: usize = 100;
        const MOST: usize = 4_096;
        let mut keys = BTreeSet::new();
        for text in row.texts() {
            if let Some(known) = self.known.get(text) {
                keys.extend(known);
                continue;
            }
            let is_short = text.len() <= LONGEST && self.known.len() < MOST;
            let mut own = BTreeSet::new();
            let found = if is_short { &mut own } else { &mut keys };
            self.make.contacts(text, found);
            self.make.words(text, found);
            if is_short {
                keys.extend(&own);
                self.known.insert(text.to_owned(), own);
            }
        }
        at_line(line, keys)
    }
}

/// Returns whom a text names by the id of a record.
pub fn of_records(digests: &KeyedDigest, line: u64, text: &str) -> Vec<RowPerson> {
    let keys = records(text).map(|id| Maker(digests).record(id)).collect();
    at_line(number_of(line), keys)
}

/// Returns whether a text has the id of a record.
pub fn has_record(text: &str) -> bool {
    records(text).next().is_some()
}

/// Returns the digest of a record that a row wrote, or would write.
pub fn of_record(digests: &KeyedDigest, line: u64, id: Id) -> RowPerson {
    RowPerson {
        line: number_of(line),
        key: Maker(digests).record(id.0),
    }
}

/// Returns what finds the lines that are about these records.
pub fn of_lost(digests: &KeyedDigest, records: &[Id]) -> Erased {
    let key = |id: &Id| (Maker(digests).record(id.0), *id);
    records.iter().map(key).collect()
}

/// The fields of a kind that name people; those that say in another way who it is; and the one with an id in the source.
fn fields(kind: ImportKind) -> (&'static [&'static str], &'static [&'static str], &'static str) {
    match kind {
        ImportKind::Workers => (&["name"], &["record_id", "external_id", "email", "phone"], ""),
        ImportKind::Registrations => (&["name"], &["worker_id", "email", "phone"], ""),
        ImportKind::Applications => (
            &["name"],
            &["worker_id", "worker_external_id", "email", "phone"],
            "worker_external_id",
        ),
        ImportKind::ProjectWork => (&["name"], &["worker_id"], ""),
        ImportKind::Organizations => (&["contact_person"], &[], ""),
        ImportKind::Projects => (&["members", "advisors"], &[], ""),
        // Speakers are published with their event.
        ImportKind::Deliverables | ImportKind::Engagements | ImportKind::Events => (&[], &[], ""),
    }
}

/// Returns whom a row names as its columns tell. `sources` are those that ids in the row may be of, `external_ids` those that its
/// record may have.
pub fn of_row<'e>(
    digests: &KeyedDigest,
    kind: ImportKind,
    columns: &Columns,
    row: &Row,
    sources: &[String],
    external_ids: impl Iterator<Item = &'e str>,
) -> Vec<RowPerson> {
    /// Fields of which two tell who it is, together with a name.
    const WORDS: [&str; 3] = ["kana", "employer", "affiliation"];
    /// Fields of free text, in which somebody may be named.
    const TEXTS: [&str; 14] = [
        "description",
        "trouble",
        "evidence",
        "note",
        "message",
        "answer_note",
        "minutes",
        "needs",
        "supports",
        "outcome",
        "notice",
        "materials",
        "external_team",
        "title",
    ];
    let make = Maker(digests);
    let (names, otherwise, id_field) = fields(kind);
    let mut keys = BTreeSet::new();
    // Together with the words, which only the columns tell where a name stands in two.
    row.texts().for_each(|text| make.contacts(text, &mut keys));
    let mut of_source = |id: &str| keys.extend(sources.iter().map(|source| make.id(source, id)));
    external_ids.for_each(&mut of_source);
    // The texts of fields whose columns stand apart: family name and given name.
    let (mut name, mut kana) = (String::new(), String::new());
    let (mut named, mut is_known, mut is_whole) = (Vec::new(), false, false);
    let mut targets = columns.targets.iter().map(Option::as_ref);
    for text in row.texts() {
        let target = targets.next().flatten();
        if text.trim().is_empty() {
            continue;
        }
        let is = |field: &&str| target.is_some_and(|target| target.is_field(field));
        if target.is_none() || TEXTS.iter().any(&is) {
            make.words(text, &mut keys);
        } else if names.iter().any(&is) {
            is_whole = true;
            named.extend(items(text));
        } else if is(&"family_name") || is(&"given_name") {
            name += text;
        } else if WORDS.iter().any(&is) {
            keys.extend(make.word(&plain(text)));
            if is(&"kana") {
                kana += text;
            }
        }
        is_known |= otherwise.iter().any(&is);
        if is(&id_field) {
            let id = one_line(text);
            keys.extend(sources.iter().map(|source| make.id(source, &id)));
        }
    }
    keys.extend(make.word(&plain(&kana)));
    if !is_whole {
        named.push(name);
    }
    for name in &named {
        make.words(name, &mut keys);
        keys.extend(make.name(name).filter(|_| !is_known));
    }
    at_line(number_of(row.line), keys)
}

/// Returns the names that a cell of names may hold: all of it, each of several, and each without its title.
fn items(text: &str) -> Vec<String> {
    let mut found = vec![text.to_owned()];
    // A name may have a dot in its middle, or と among its kana.
    let is_mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && c != '・';
    for part in text.split(is_mark) {
        found.push(part.to_owned());
        found.extend(part.split(['・', 'と']).map(str::to_owned));
    }
    let bare: Vec<String> = found
        .iter()
        .map(|one| without_title(one.trim()).to_owned())
        .collect();
    found.extend(bare);
    found.sort_unstable();
    found.dedup();
    found
}

fn number_of(line: u64) -> u32 {
    line.min(u64::from(u32::MAX)) as u32
}

fn at_line(line: u32, keys: BTreeSet<u64>) -> Vec<RowPerson> {
    keys.into_iter().map(|key| RowPerson { line, key }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_rows_survive_as_bytes() {
        let people = [
            RowPerson {
                line: 1,
                key: u64::MAX,
            },
            RowPerson {
                line: u32::MAX,
                key: 7,
            },
        ];
        assert_eq!(decode(&encode(&people)).collect::<Vec<_>>(), people);
    }

    /// Returns people with these digests.
    fn erased(people: &[&[u64]]) -> Erased {
        let all = people.iter().flat_map(|keys| {
            let person = Id::new();
            keys.iter().map(move |key| (*key, person))
        });
        all.collect()
    }

    #[test]
    fn one_thing_is_enough_or_two_of_one_line_are() {
        let part = [(1, 2), (2, 3), (3, 3), (3, 5), (4, 3), (4, 7), (5, 9)];
        let part: Vec<RowPerson> = part.map(|(line, key)| RowPerson { line, key }).into();
        let named = erased(&[&[2, 3, 5]]).lines_of(&encode(&part));
        assert_eq!(named, BTreeSet::from([1, 3]));
    }

    /// Two of an office have its name in common; each has another name.
    #[test]
    fn what_is_told_of_two_people_names_neither() {
        const OFFICE: u64 = 9;
        let (one, other, email) = (3, 5, 20);
        let two = erased(&[&[one, OFFICE], &[other, OFFICE, unproven(email)]]);
        let lines = [
            (1, one),
            (1, other),
            (2, one),
            (2, OFFICE),
            (3, one),
            (3, email),
            (4, other),
            (4, email),
            (5, OFFICE),
        ];
        let rows = lines.map(|(line, key)| RowPerson { line, key });
        let named = BTreeSet::from([2, 4]);
        assert_eq!(two.lines_of(&encode(&rows)), named);
        for line in 1..=5 {
            let row = lines.iter().filter(|(at, _)| *at == line).map(|(_, key)| *key);
            assert_eq!(
                two.is_named(&row.collect()),
                named.contains(&i64::from(line)),
                "{line}"
            );
        }
    }

    #[test]
    fn unproven_addresses_and_numbers_need_a_word_of_their_line() {
        const WORD: u64 = 3;
        let (email, phone) = (10, 20);
        let lines = [
            (1, email),
            (2, email),
            (2, phone),
            (3, email),
            (3, WORD),
            (4, WORD),
            (5, phone),
            (5, 7),
        ];
        let part = encode(&lines.map(|(line, key)| RowPerson { line, key }));
        let named = erased(&[&[unproven(email), unproven(phone), WORD]]).lines_of(&part);
        assert_eq!(named, BTreeSet::from([3]));
        let named = erased(&[&[email, unproven(phone), WORD]]).lines_of(&part);
        assert_eq!(named, BTreeSet::from([1, 2, 3]));
    }

    #[test]
    fn one_thing_is_enough_where_words_are_left_out() {
        let (name, email) = (3, 20);
        let rows = [
            (1, name),
            (2, name),
            (2, CUT),
            (3, email),
            (3, CUT),
            (4, CUT),
            (5, 7),
            (5, CUT),
        ];
        let part = encode(&rows.map(|(line, key)| RowPerson { line, key }));
        let named = erased(&[&[name, unproven(email)]]).lines_of(&part);
        assert_eq!(named, BTreeSet::from([2, 3]));
    }

    #[test]
    fn words_are_left_out_only_where_they_stand_close() {
        let digests = KeyedDigest::new("one");
        let is_cut = |text: &str| {
            let mut keys = BTreeSet::new();
            Maker(&digests).words(text, &mut keys);
            assert!(keys.len() <= FEWEST_WORDS.max(text.len() / BYTES_OF_WORD) + 1);
            keys.contains(&CUT)
        };
        let list = |n: u32, mark: &str| (0..n).map(|i| format!("活動{i}{mark}")).collect::<String>();
        assert!(!is_cut(&list(1000, "、")) && !is_cut("二語 と "));
        let letters = |at: u32| (0..2).filter_map(move |n| char::from_u32(0x4e00 + 2 * at + n));
        let names = |n: u32, mark: &str| {
            let name = |i: u32| letters(2 * i).chain([' ']).chain(letters(2 * i + 1));
            (0..n)
                .map(|i| name(i).collect::<String>() + mark)
                .collect::<String>()
        };
        for n in [5, 12, 20, 1000] {
            for mark in ["、", "\n", ", ", "さん、", "様\n", " 様\r\n"] {
                assert!(!is_cut(&names(n, mark)), "{n} {mark:?}");
            }
        }
        assert!(!is_cut(
            &"Hana Kato, Jun Ito, Mei Abe\nKen Oda, Rin Sato, ".repeat(10)
        ));
        let close: String = ('a'..='z')
            .flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b} ")))
            .collect();
        assert!(is_cut(&close));
    }

    #[test]
    fn addresses_numbers_and_ids_are_found_anywhere_in_a_text() {
        let digests = KeyedDigest::new("one");
        let keys = |text: &str| {
            let mut keys = BTreeSet::new();
            Maker(&digests).contacts(text, &mut keys);
            keys
        };
        let id = "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b";
        for (stated, text) in [
            ("yoko@example.jp", "連絡先はＹＯＫＯ@example.jpまで"),
            ("yoko@example.jp", "佐藤 <yoko@example.jp>"),
            ("yoko@example.jp", "mailto:yoko@example.jp."),
            ("yoko@example.jp", "taro@example.jp;yoko@example.jp"),
            ("03-1234-5678", "電話０３（１２３４）５６７８ 内線 12"),
            ("+81 3 1234 5678", "tel 0312345678"),
            ("090-1234-5678", "9012345678"),
            ("090-1234-5678", "自宅 03-9999-8888 携帯 +81 (0)90-1234-5678"),
            ("0901234-5678", "03-9999-8888 090-1234-5678"),
            ("090-1234-5678", "090-1234-5678-999999"),
            (id, &format!("記録ID={}。", id.to_uppercase())),
        ] {
            assert!(
                !keys(stated).is_empty() && keys(stated).is_subset(&keys(text)),
                "{text}"
            );
        }
        for (stated, text) in [
            ("yoko@example.jp", "ayoko@example.jp"),
            ("yoko@example.jp", "yoko@example.jp.org"),
            ("03-1234-5678", "03-1234-5679"),
            (id, &id.replace('b', "c")),
        ] {
            assert!(keys(stated).is_disjoint(&keys(text)), "{text}");
        }
        assert!(keys("2026-10-08 13:30、定員30名").is_empty());
    }

    #[test]
    fn words_are_whole_in_any_spelling() {
        let digests = KeyedDigest::new("one");
        let names = |name: &str, text: &str| {
            let mut keys = BTreeSet::new();
            Maker(&digests).words(text, &mut keys);
            let word = Maker(&digests).word(&plain(name));
            word.is_some_and(|word| keys.contains(&word))
        };
        for text in [
            "佐藤　陽子",
            "※佐藤陽子さん（さとうようこ）は退会",
            "代表: 佐藤 陽子 様",
            "退会者・佐藤陽子",
            "鈴木 一\n佐藤 陽子\n高橋 実",
            "担当\n佐藤\n陽子\n電話なし",
            "代表 佐藤\n陽子",
            "佐藤\n陽子 様",
        ] {
            assert!(names("佐藤陽子", text), "{text}");
        }
        assert!(names("さとう ようこ", "佐藤（サトウ　ヨウコ）"));
        assert!(names("結デザイン株式会社", "勤務先：結デザイン株式会社"));
        assert!(!names("小林", "小林さんの家") && !names("林", "林") && !names("佐藤陽子", "佐藤洋子"));
    }
}
