//! How fiscal years are written: 2021（令和3）年度, FY2021.

use crate::http::Language;

/// Returns the era and its year, in which a fiscal year begins. 2019 is called 令和元年度, though it began in 平成31年.
fn era(year: i32) -> Option<String> {
    let (name, before) = match year {
        2019.. => ("令和", 2018),
        1989.. => ("平成", 1988),
        1926.. => ("昭和", 1925),
        _ => return None,
    };
    Some(match year - before {
        1 => format!("{name}元"),
        number => format!("{name}{number}"),
    })
}

/// Returns a year without the word for fiscal year: 2021（令和3）.
fn bare(year: i32) -> String {
    era(year).map_or_else(|| year.to_string(), |era| format!("{year}（{era}）"))
}

/// Writes a fiscal year.
pub fn name(year: i32, language: Language) -> String {
    match language {
        Language::Ja => format!("{}年度", bare(year)),
        Language::En => format!("FY{year}"),
    }
}

/// Writes several fiscal years.
pub fn span(from: i32, to: i32, language: Language) -> String {
    match language {
        _ if from == to => name(from, language),
        Language::Ja => format!("{}〜{}年度", bare(from), bare(to)),
        Language::En => format!("FY{from} to FY{to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fiscal_years_as_offices_do() {
        let ja = |year| name(year, Language::Ja);
        assert_eq!(ja(2018), "2018（平成30）年度");
        assert_eq!(ja(2019), "2019（令和元）年度");
        assert_eq!(ja(2021), "2021（令和3）年度");
        assert_eq!(ja(1900), "1900年度");
        assert_eq!(
            span(2015, 2022, Language::Ja),
            "2015（平成27）〜2022（令和4）年度"
        );
        assert_eq!(span(2021, 2021, Language::En), "FY2021");
        assert_eq!(span(2015, 2022, Language::En), "FY2015 to FY2022");
    }
}
