//! Columns aligned as Go's text/tabwriter aligns them: a column is a run of lines that have a cell there.

/// Lines with tabs in, aligned lines out. Cells are ended by tabs; what follows the last tab is not padded.
pub fn align(text: &str, min_width: usize, padding: usize) -> String {
    let mut lines: Vec<Vec<&str>> = text.split('\n').map(|l| l.split('\t').collect()).collect();
    let ends_with_newline = lines.last().is_some_and(|l| l.len() == 1 && l[0].is_empty());
    if ends_with_newline {
        lines.pop();
    }
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|l| vec![0; l.len()]).collect();
    block(&lines, 0, lines.len(), 0, min_width, padding, &mut widths);
    let mut out = String::with_capacity(text.len() * 2);
    for (i, (line, w)) in lines.iter().zip(&widths).enumerate() {
        for (j, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if j + 1 < line.len() {
                out.extend(std::iter::repeat_n(' ', w[j].saturating_sub(cell.chars().count())));
            }
        }
        if i + 1 < lines.len() || ends_with_newline {
            out.push('\n');
        }
    }
    out
}

/// Sets the width of column `column` for each run of lines that have it, and goes deeper.
fn block(
    lines: &[Vec<&str>],
    from: usize,
    to: usize,
    column: usize,
    min_width: usize,
    padding: usize,
    widths: &mut [Vec<usize>],
) {
    let mut i = from;
    while i < to {
        if column + 1 >= lines[i].len() {
            i += 1;
            continue;
        }
        let mut end = i;
        while end < to && column + 1 < lines[end].len() {
            end += 1;
        }
        let widest = lines[i..end].iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
        let width = (widest + padding).max(min_width);
        for w in &mut widths[i..end] {
            w[column] = width;
        }
        block(lines, i, end, column + 1, min_width, padding, widths);
        i = end;
    }
}

/// Columns of lines that are printed as they come: they only ever get wider.
/// In Go this is the flag `RememberWidths`, of Kubernetes' own copy of the package.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    widths: Vec<usize>,
}

impl Remembered {
    /// The first column is at least so wide.
    pub fn first_at_least(&mut self, width: usize) {
        if self.widths.is_empty() {
            self.widths.push(width);
        }
    }

    /// Lines of cells that are printed together.
    pub fn lay(&mut self, rows: &[Vec<String>]) -> String {
        for cells in rows {
            self.widths.resize(self.widths.len().max(cells.len()), 0);
            for (w, c) in self.widths.iter_mut().zip(cells) {
                *w = (*w).max(c.chars().count());
            }
        }
        let mut out = String::new();
        for cells in rows {
            for (i, (c, w)) in cells.iter().zip(&self.widths).enumerate() {
                let w = if i + 1 < cells.len() { (w + 3).max(6) } else { 0 };
                out.push_str(&format!("{c:<w$}"));
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_runs_of_lines() {
        assert_eq!(align("a\tb\nccc\td\n", 0, 2), "a    b\nccc  d\n");
        assert_eq!(
            align("Name:\tx\nList:\n  a:\t1\n  bbbbbb:\t2\n", 0, 2),
            "Name:  x\nList:\n  a:       1\n  bbbbbb:  2\n"
        );
    }

    #[test]
    fn remembered_columns_only_get_wider() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        let mut columns = Remembered::default();
        assert_eq!(columns.lay(&[row(["TYPE", "A"]), row(["x", "b"])]), "TYPE   A\nx      b\n");
        assert_eq!(columns.lay(&[row(["Warning", "b"])]), "Warning   b\n");
        assert_eq!(columns.lay(&[row(["x", "b"])]), "x         b\n");
    }
}
