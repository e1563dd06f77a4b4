//! The header `traceparent` of W3C Trace Context (<https://www.w3.org/TR/trace-context/>): to which trace of the caller
//! a request belongs.

use actix_web::http::header::HeaderMap;

const HEADER: &str = "traceparent";
/// The length of what every version begins with: `00-` trace `-` parent `-` flags.
const LENGTH: usize = 55;

/// Where a request belongs in the caller's trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 digits.
    pub trace_id: String,
    /// 16 digits: the caller's span.
    pub span_id: String,
}

/// Returns the parent that the request names. One that is malformed, or given twice, is ignored, as the specification asks.
pub fn of(headers: &HeaderMap) -> Option<TraceParent> {
    let mut given = headers.get_all(HEADER);
    match (given.next(), given.next()) {
        (Some(one), None) => parse(one.to_str().ok()?),
        _ => None,
    }
}

fn parse(text: &str) -> Option<TraceParent> {
    let known = text.get(..LENGTH)?;
    let mut parts = known.split('-');
    let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let has = |part: &str, length: usize| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        part.len() == length && part.bytes().all(hex)
    };
    let is_zero = |part: &str| part.bytes().all(|b| b == b'0');
    let is_well_formed = has(version, 2) && has(trace_id, 32) && has(span_id, 16) && has(flags, 2);
    // Later versions may append more, after another dash.
    let ends_well = match version {
        "00" => text.len() == LENGTH,
        "ff" => false,
        _ => text.len() == LENGTH || text.as_bytes().get(LENGTH) == Some(&b'-'),
    };
    if !is_well_formed || !ends_well || is_zero(trace_id) || is_zero(span_id) {
        return None;
    }
    Some(TraceParent {
        trace_id: trace_id.to_owned(),
        span_id: span_id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn takes_this_version_and_later_ones() {
        let good = [
            format!("00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-00"),
            format!("00-{TRACE}-{SPAN}-ff"),
            format!("01-{TRACE}-{SPAN}-01"),
            format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"),
            format!("fe-{TRACE}-{SPAN}-01-"),
        ];
        for text in good {
            let parent = parse(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((parent.trace_id.as_str(), parent.span_id.as_str()), (TRACE, SPAN));
        }
    }

    #[test]
    fn ignores_what_is_malformed() {
        let upper = TRACE.to_uppercase();
        let zeros = "0".repeat(32);
        let bad = [
            String::new(),
            "00".into(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-001"),
            format!("0g-{TRACE}-{SPAN}-01"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("00-{TRACE}-{SPAN}_01"),
            format!("00_{TRACE}-{SPAN}-01"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}0-{SPAN}-1"),
            format!("00-{}é-{SPAN}-01", &TRACE[..30]),
            format!("00-{TRACE}-{}-01", &SPAN[..14]),
        ];
        for text in bad {
            assert_eq!(parse(&text), None, "{text:?}");
        }
    }

    #[test]
    fn ignores_two_of_them() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        headers.append(HeaderName::from_static(HEADER), value.clone());
        assert!(of(&headers).is_some());
        headers.append(HeaderName::from_static(HEADER), value);
        assert_eq!(of(&headers), None);
    }
}
