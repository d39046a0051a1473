"""The statute calculator (E1-E4, E6-E9, E11): what the law gives a customer for goods bought on some day.

`case.Case` is what is known, `law.Law` the rules that staff keep in content, `decide.decide` the answer as a
`decision.Decision`, `explain.explain` the answer in words. Law is data; code knows only its kinds.
"""
