"""A planned training as programs: NumPy with cnn_core, and PyTorch."""

from instruments.training import HIDDEN, Plan
from ui.programs import Code, number, program


def programs(plan: Plan) -> dict[str, str]:
    """By library."""
    shared: dict[str, object] = {
        "kernels": plan.kernels,
        "side": plan.side,
        "pool": plan.pool,
        "hidden": HIDDEN,
        "count": plan.digits,
        "epochs": plan.epochs,
        "batch": plan.batch,
        "rate": number(plan.rate),
        "seed": plan.seed,
    }
    adam, cycle = plan.optimiser == "adam", plan.schedule == "cycle"
    name = "Adam" if adam else "SGD"
    momentum = "" if adam else ", momentum=0.9"  # which cnn_core's has by default
    return {
        "NumPy": program(
            "training_numpy",
            convolutions=plan.convolutions,
            schedule=Code("training.one_cycle" if cycle else "None"),
            augment=Code("training.jitter" if plan.augment else "None"),
            optimiser=Code(f"optimisers.{name}(net.parameters(), rate)"),
            **shared,
        ),
        "PyTorch": program(
            "training_pytorch",
            optimiser=Code(f"torch.optim.{name}(net.parameters(), lr=rate{momentum})"),
            cycle=cycle,
            deep=plan.convolutions == 2,
            **shared,
        ),
    }
