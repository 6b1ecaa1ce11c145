"""Looking inside trained networks: where they look, what fine-tuning changed, which filters and features they have.

The computations need models and so Keras; they are imported from their modules. What they give is small and is stored
(`stored`), so that pages show it without any deep-learning framework.
"""
