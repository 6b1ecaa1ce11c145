"""Mistakes that Keras makes easy, each made on purpose beside its right way: `python -m transferstudy mistakes`.

`plan` says what one demonstration is (settings: presets.toml), `images` which images it may see, `training` trains one way,
`run` makes what is missing, `backends` asks every installed backend about `trainable` and `compile`. `stored` keeps the
records and `effects` makes differences of them; these two import no deep-learning framework.
"""
