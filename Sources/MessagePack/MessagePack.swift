// MessagePack
