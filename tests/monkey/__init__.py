"""A monkey at the dashboard: random keys, mouse, pastes and resizes while engines are churned; with a seed.

``watched`` is the dashboard as it runs for the monkey, in a process and a terminal of its own, telling how it is.
``hands`` says what is typed next, ``churn`` is the disorder on the engines, ``world`` what is there at the start, and
``monkey`` puts them together. A short one is in the tests, a long one is ``python -m bench.soak``.

``ordeal`` has it all go wrong meanwhile: ``troubles`` of engines and of the ways to them (``places``), ``others`` who
work at the same home, ``looks`` at what runs, and ``stock``, which is taken once all is healed.
"""
