//! Columns aligned as Go's text/tabwriter aligns them: a column is a run of lines that have a cell there.

/// Lines with tabs in, aligned lines out. Cells are ended by tabs; what follows the last tab is not padded.
pub fn align(text: &str, min_width: usize, padding: usize) -> String {
    let mut lines: Vec<Vec<&str>> = text.split('\n').map(|l| l.split('\t').collect()).collect();
    let ends_with_newline = lines.last().is_some_and(|l| l.len() == 1 && l[0].is_empty());
    if ends_with_newline {
        lines.pop();
    }
    let widths = widths(&lines, min_width, padding);
    let mut out = String::with_capacity(text.len() * 2);
    for (i, (line, w)) in lines.iter().zip(&widths).enumerate() {
        lay_line(line, w, &mut out);
        if i + 1 < lines.len() || ends_with_newline {
            out.push('\n');
        }
    }
    out
}

/// The width of each cell that a tab ends: as wide as the widest of its column.
fn widths(lines: &[Vec<&str>], min_width: usize, padding: usize) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|l| vec![0; l.len() - 1]).collect();
    // Runs of lines that may have a cell in some column; a line may have as many columns as it has bytes.
    let mut runs = vec![(0..lines.len(), 0)];
    while let Some((run, column)) = runs.pop() {
        let mut i = run.start;
        while i < run.end {
            let has = |l: &&Vec<&str>| column + 1 < l.len();
            let end = i + lines[i..run.end].iter().take_while(has).count();
            let widest = lines[i..end].iter().map(|l| l[column].chars().count()).max();
            if let Some(widest) = widest {
                widths[i..end].iter_mut().for_each(|w| w[column] = (widest + padding).max(min_width));
                runs.push((i..end, column + 1));
            }
            i = end.max(i + 1);
        }
    }
    widths
}

/// Cells, each as wide as it is said for it; the last one is as wide as it is.
fn lay_line<S: AsRef<str>>(cells: &[S], widths: &[usize], out: &mut String) {
    for (i, cell) in cells.iter().map(AsRef::as_ref).enumerate() {
        out.push_str(cell);
        if i + 1 < cells.len() {
            let width = widths.get(i).copied().unwrap_or(0);
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
}

/// Columns of lines that are printed as they come: they only ever get wider.
/// In Go this is the flag `RememberWidths`, of Kubernetes' own copy of the package.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    widths: Vec<usize>,
}

/// Between two columns, and how wide one is at least.
const PADDING: usize = 3;
const LEAST: usize = 6;

impl Remembered {
    /// The first column is at least so wide.
    pub fn first_at_least(&mut self, width: usize) {
        if self.widths.is_empty() {
            self.widths.push(width + PADDING);
        }
    }

    /// Lines of cells that are printed together.
    pub fn lay(&mut self, rows: &[Vec<String>]) -> String {
        for cells in rows {
            // What no tab ends is in no column.
            let ended = &cells[..cells.len().saturating_sub(1)];
            self.widths.resize(self.widths.len().max(ended.len()), LEAST);
            for (w, c) in self.widths.iter_mut().zip(ended) {
                *w = (*w).max(c.chars().count() + PADDING);
            }
        }
        let mut out = String::new();
        for cells in rows {
            lay_line(cells, &self.widths, &mut out);
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

    /// A value of a ConfigMap may be nothing but tabs, or one word of a megabyte.
    #[test]
    fn neither_many_columns_nor_wide_ones_are_too_much() {
        let tabs = "\t".repeat(80_000);
        assert_eq!(align(&format!("{tabs}\n"), 0, 2).len(), 160_001);
        let wide = "x".repeat(70_000);
        let laid = Remembered::default().lay(&[vec![wide.clone(), "b".into()], vec!["a".into(), "b".into()]]);
        assert_eq!(laid, format!("{wide}   b\na{}b\n", " ".repeat(70_002)));
    }

    #[test]
    fn empty_cells_keep_their_column() {
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        let laid = Remembered::default().lay(&[row(["A", "B", "C"]), row(["x", "", "z"])]);
        assert_eq!(laid, "A     B     C\nx           z\n");
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
