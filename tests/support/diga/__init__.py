"""The stand-in Diga and its wire, as tests shape and spoil them."""
