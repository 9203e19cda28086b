package io.lookaside.traces;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.CRC32;

/** The integrity check of a block of an .xz file, over its uncompressed bytes. */
abstract class XzCheck {
  private final String name;

  private XzCheck(String name) {
    this.name = name;
  }

  /** Whether this has a check with such an identifier. */
  static boolean knows(int id) {
    return id == 0 || id == 1 || id == 4 || id == 10;
  }

  /** A check by its identifier in the stream's flags, for one block. */
  static XzCheck of(int id) {
    return switch (id) {
      case 0 -> new None();
      case 1 -> new Crc32Check();
      case 4 -> new Crc64Check();
      case 10 -> new Sha256Check();
      default -> throw new IllegalArgumentException("check " + id);
    };
  }

  abstract void update(byte[] bytes, int offset, int length);

  /** The check as it is stored. */
  abstract byte[] value();

  /** What people call it. */
  String name() {
    return name;
  }

  private static final class None extends XzCheck {
    None() {
      super("none");
    }

    @Override
    void update(byte[] bytes, int offset, int length) {}

    @Override
    byte[] value() {
      return new byte[0];
    }
  }

  private static final class Crc32Check extends XzCheck {
    private final CRC32 crc = new CRC32();

    Crc32Check() {
      super("CRC32");
    }

    @Override
    void update(byte[] bytes, int offset, int length) {
      crc.update(bytes, offset, length);
    }

    @Override
    byte[] value() {
      return ByteBuffer.allocate(Integer.BYTES)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt((int) crc.getValue())
          .array();
    }
  }

  private static final class Crc64Check extends XzCheck {
    private final Crc64 crc = new Crc64();

    Crc64Check() {
      super("CRC64");
    }

    @Override
    void update(byte[] bytes, int offset, int length) {
      crc.update(bytes, offset, length);
    }

    @Override
    byte[] value() {
      return ByteBuffer.allocate(Long.BYTES)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putLong(crc.value())
          .array();
    }
  }

  private static final class Sha256Check extends XzCheck {
    private final MessageDigest digest;

    Sha256Check() {
      super("SHA-256");
      try {
        digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }

    @Override
    void update(byte[] bytes, int offset, int length) {
      digest.update(bytes, offset, length);
    }

    @Override
    byte[] value() {
      return digest.digest();
    }
  }
}
