//! What was reached beside what was aimed at, as a picture.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::results::Aim;

const WIDTH: u32 = 760;
/// Of one bar, and of all around them, in pixels.
const BAR: u32 = 34;
const AROUND: u32 = 70;
const LABELS: u32 = 330;

const REACHED: RGBColor = RGBColor(46, 125, 80);
const MISSED: RGBColor = RGBColor(190, 80, 60);
const MARK: RGBColor = RGBColor(40, 40, 40);

/// A bar for each of two aims or more, as a part of what was wanted, which is the line at 1. Where less is better
/// the part is turned round, so that a longer bar is always better.
pub(super) fn aims(aims: &[Aim], path: &Path) -> Result<()> {
    draw(aims, path).map_err(|error| anyhow!("plotting {}: {error}", path.display()))
}

fn draw(aims: &[Aim], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let height = AROUND + BAR * aims.len() as u32;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let longest = aims.iter().map(part).fold(1.0, f64::max) * 1.1;
    let mut chart = ChartBuilder::on(&area)
        .margin(10)
        .set_label_area_size(LabelAreaPosition::Left, LABELS)
        .set_label_area_size(LabelAreaPosition::Bottom, 40)
        .build_cartesian_2d(0.0..longest, (0..aims.len() - 1).into_segmented())?;
    let name = |segment: &SegmentValue<usize>| match segment {
        SegmentValue::CenterOf(index) => aims.get(*index).map(|aim| aim.what.clone()),
        SegmentValue::Exact(_) | SegmentValue::Last => None,
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(aims.len())
        .y_label_formatter(&|segment| name(segment).unwrap_or_default())
        .x_desc("of what was aimed at (longer is better)")
        .draw()?;
    let bar = |(index, aim): (usize, &Aim)| {
        let color = if aim.reached(aim.wanted) {
            REACHED
        } else {
            MISSED
        };
        let corners = [
            (0.0, SegmentValue::Exact(index)),
            (part(aim), above(index, aims.len())),
        ];
        let mut bar = Rectangle::new(corners, color.filled());
        bar.set_margin(6, 6, 0, 0);
        bar
    };
    chart.draw_series(aims.iter().enumerate().map(bar))?;
    let ends = [SegmentValue::Exact(0), SegmentValue::Last];
    let line = ends.map(|end| (1.0, end));
    chart.draw_series([PathElement::new(line, MARK.stroke_width(2))])?;
    Ok(area.present()?)
}

/// Where the bar of this index ends.
fn above(index: usize, bars: usize) -> SegmentValue<usize> {
    if index + 1 == bars {
        SegmentValue::Last
    } else {
        SegmentValue::Exact(index + 1)
    }
}

fn part(aim: &Aim) -> f64 {
    if aim.at_most {
        aim.wanted / aim.measured
    } else {
        aim.measured / aim.wanted
    }
}
