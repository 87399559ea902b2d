"""The Jansen-Rit Explorer: an interactive neural mass model of the EEG."""

__version__ = "0.1.0"
