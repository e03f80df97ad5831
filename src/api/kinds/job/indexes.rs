//! Lists of indexes as an indexed Job keeps them: `0,2-4`.
//! Real Kubernetes: pkg/apis/batch/validation/validation.go validateIndexesFormat and what it calls.

use crate::api::go_text::quoted;

/// How many indexes the list names, all of them below `completions` and in order.
///
/// # Errors
/// What is wrong with the list, in Kubernetes' words.
pub fn count(list: &str, completions: i32) -> Result<i32, String> {
    if list.is_empty() {
        return Ok(0);
    }
    let mut last: Option<i32> = None;
    let mut total: i32 = 0;
    for text in list.split(',') {
        let (first, end) = interval(text, completions)?;
        if let Some(last) = last.filter(|l| *l >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total = total.saturating_add(end.saturating_sub(first).saturating_add(1));
        last = Some(end);
    }
    Ok(total)
}

/// The first index that is in both lists. Intervals that cannot be read are left out: they are told of elsewhere.
pub fn overlap(completed: &str, failed: &str, completions: i32) -> Option<i32> {
    if completed.is_empty() || failed.is_empty() {
        return None;
    }
    let read = |list: &str| -> Vec<(i32, i32)> { list.split(',').flat_map(|t| interval(t, completions)).collect() };
    let (completed, failed) = (read(completed), read(failed));
    let (mut c, mut f) = (completed.iter().peekable(), failed.iter().peekable());
    while let (Some(done), Some(lost)) = (c.peek(), f.peek()) {
        if done.0 <= lost.1 && lost.0 <= done.1 {
            return Some(done.0.max(lost.0));
        }
        if done.0 <= lost.0 {
            c.next();
        } else {
            f.next();
        }
    }
    None
}

/// `3` or `2-4`, as first and last.
fn interval(text: &str, completions: i32) -> Result<(i32, i32), String> {
    let limits: Vec<&str> = text.split('-').collect();
    if limits.len() > 2 {
        return Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            quoted(text)
        ));
    }
    let first = index(limits[0], completions)?;
    let Some(end) = limits.get(1) else { return Ok((first, first)) };
    let end = index(end, completions)?;
    if first >= end {
        return Err(format!("non-increasing order, previous: {first}, current: {end}"));
    }
    Ok((first, end))
}

fn index(text: &str, completions: i32) -> Result<i32, String> {
    let number: i64 =
        text.parse().map_err(|_| format!("cannot convert string to integer for index: {}", quoted(text)))?;
    match i32::try_from(number) {
        Ok(n) if n < completions => Ok(n),
        _ => Err(format!("too large index: {}", quoted(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_counted_or_refused() {
        assert_eq!(count("", 5), Ok(0));
        assert_eq!(count("0,2-4", 5), Ok(4));
        assert_eq!(count("0,0", 5), Err("non-increasing order, previous: 0, current: 0".into()));
        assert_eq!(count("5", 5), Err("too large index: \"5\"".into()));
    }

    #[test]
    fn the_first_index_that_is_in_both_is_found() {
        assert_eq!(overlap("0-2,5", "3,4", 9), None);
        assert_eq!(overlap("0-2,5", "3-7", 9), Some(5));
        assert_eq!(overlap("x,1", "1", 9), Some(1));
        assert_eq!(overlap("", "1", 9), None);
    }
}
