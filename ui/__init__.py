"""What pages share: the shell, the image source, controls, formulas, figures, components."""
