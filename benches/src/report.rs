//! What came out: a table for people, and everything as JSON.

use std::{
    fs,
    io::{self, Write as _},
};

use serde_json::{Map, Value, json};

use crate::Outcome;

const FILE: &str = "target/bench.json";

/// What a figure is aimed at: what it must reach at least, and what would be better.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    None,
    AtMost(f64, f64),
    AtLeast(f64, f64),
}

impl Aim {
    /// Whether it is reached at least, and whether the better is too.
    fn met(self, figure: f64) -> [bool; 2] {
        match self {
            Self::None => [true; 2],
            Self::AtMost(most, better) => [figure <= most, figure <= better],
            Self::AtLeast(least, better) => [figure >= least, figure >= better],
        }
    }

    fn text(self, unit: &str) -> String {
        let both = |sign: &str, least: f64, better: f64| match (least.to_string(), better.to_string()) {
            (least, better) if least == better => format!("{sign} {least}{unit}"),
            (least, better) => format!("{sign} {least}{unit}, {better}"),
        };
        match self {
            Self::None => String::new(),
            Self::AtMost(most, better) => both("≤", most, better),
            Self::AtLeast(least, better) => both("≥", least, better),
        }
    }
}

/// A line of the table: one figure, what it is made of, and its aim.
pub struct Line {
    pub what: String,
    pub figure: f64,
    /// Empty for a ratio.
    pub unit: &'static str,
    pub aim: Aim,
    /// The absolute numbers behind it.
    pub from: String,
}

pub struct Report {
    scale: f64,
    lines: Vec<Line>,
    raw: Map<String, Value>,
}

impl Report {
    pub fn new(scale: f64) -> Self {
        Self { scale, lines: Vec::new(), raw: Map::new() }
    }

    pub fn line(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Keeps the numbers of a scenario.
    pub fn raw(&mut self, scenario: &str, numbers: Value) {
        self.raw.insert(scenario.to_owned(), numbers);
    }

    /// Prints the table and writes the file.
    pub fn finish(self) -> Outcome<()> {
        let width = self.lines.iter().map(|line| line.what.chars().count()).max().unwrap_or(0);
        for line in &self.lines {
            let (figure, aim) = (format!("{}{}", rounded(line.figure), line.unit), line.aim.text(line.unit));
            let verdict = if line.aim.met(line.figure)[0] { "" } else { "MISSED " };
            say(&format!("{:width$}  {figure:>9}  {aim:>16}  {verdict}{}", line.what, line.from));
        }
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        let all = json!({ "machine": machine(), "scale": self.scale, "lines": lines, "scenarios": self.raw });
        fs::write(FILE, format!("{all:#}\n"))?;
        say(&format!("all numbers: {FILE}"));
        Ok(())
    }
}

impl Line {
    fn json(&self) -> Value {
        let [met, better] = self.aim.met(self.figure);
        let (unit, aim) = (self.unit.trim(), self.aim.text(""));
        json!({ "what": self.what, "figure": self.figure, "unit": unit, "aim": aim, "met": met, "better_met": better })
    }
}

/// Three digits, for people.
pub fn rounded(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// A line on stdout.
pub fn say(line: &str) {
    // A reader who has closed the pipe has seen enough.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Processor, cores, memory and system.
fn machine() -> Value {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
        value.map(|(_, value)| value.trim().to_owned())
    };
    json!({
        "processor": field("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": field("/proc/meminfo", "MemTotal"),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    })
}
