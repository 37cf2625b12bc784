"""The network: frames in and out of a 64-bit XGMII."""
