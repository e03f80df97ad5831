//! Tables as minikube draws them.
//! Real Kubernetes: github.com/olekukonko/tablewriter, as minikube sets it up.

/// How many columns of a terminal a text takes. Signs like ✅ take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c as u32 >= 0x2600 { 2 } else { 1 }).sum()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Headings stand in the middle, numbers at the right. A cell may have several lines.
pub fn draw(head: &[&str], rows: &[Vec<String>]) -> String {
    let lines_of = |cell: &String| cell.split('\n').map(String::from).collect::<Vec<_>>();
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = cell.split('\n').map(width).max().unwrap_or(0).max(*w);
        }
    }
    let rule: String = widths.iter().map(|w| format!("|{}", "-".repeat(w + 2))).collect::<String>() + "|\n";
    let mut out = rule.clone();
    for (h, w) in head.iter().zip(&widths) {
        let gap = w - width(h);
        out.push_str(&format!("| {}{h}{} ", " ".repeat(gap / 2), " ".repeat(gap - gap / 2)));
    }
    out.push_str("|\n");
    out.push_str(&rule);
    for row in rows {
        let cells: Vec<Vec<String>> = row.iter().map(lines_of).collect();
        for i in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            for (cell, w) in cells.iter().zip(&widths) {
                let text = cell.get(i).map_or("", String::as_str);
                let gap = " ".repeat(w - width(text));
                out.push_str(&if is_number(text) { format!("| {gap}{text} ") } else { format!("| {text}{gap} ") });
            }
            out.push_str("|\n");
        }
    }
    out + &rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_drawn_as_minikube_draws_it() {
        let row = ["default", "first-app", "8080", "http://192.168.64.3:30762"].map(String::from).to_vec();
        let table = draw(&["NAMESPACE", "NAME", "TARGET PORT", "URL"], &[row]);
        assert_eq!(
            table,
            "|-----------|-----------|-------------|---------------------------|\n\
             | NAMESPACE |   NAME    | TARGET PORT |            URL            |\n\
             |-----------|-----------|-------------|---------------------------|\n\
             | default   | first-app |        8080 | http://192.168.64.3:30762 |\n\
             |-----------|-----------|-------------|---------------------------|\n"
        );
    }
}
