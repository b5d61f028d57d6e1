package juncture.join;

import org.apache.flink.configuration.NettyShuffleEnvironmentOptions.CompressionCodec;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.runtime.io.compression.BlockCompressionFactory;
import org.apache.flink.runtime.io.compression.BlockCompressor;
import org.apache.flink.runtime.io.compression.BlockDecompressor;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Chunks as they are stored: their length in four bytes, and the chunk compressed by Flink's LZ4; or four bytes 0, and
 * the chunk as it is, for backends that compress themselves. Either is read by both.
 */
final class ChunkCodec {
    private static final int AS_IT_IS = 0;

    private final boolean compressing;
    private final BlockCompressor compressor;
    private final BlockDecompressor decompressor;
    private byte[] chunkBytes = new byte[0];
    private byte[] stored = new byte[0];

    ChunkCodec(boolean compressing) {
        this.compressing = compressing;
        final BlockCompressionFactory lz4 =
                BlockCompressionFactory.createBlockCompressionFactory(CompressionCodec.LZ4);
        compressor = lz4.getCompressor();
        decompressor = lz4.getDecompressor();
    }

    byte[] encode(MemorySegment chunk, int length) {
        if (!compressing) {
            final byte[] bytes = new byte[Integer.BYTES + length];
            chunk.get(0, bytes, Integer.BYTES, length);
            return bytes;
        }
        final int most = Integer.BYTES + compressor.getMaxCompressedSize(length);
        if (chunkBytes.length < length || stored.length < most) {
            chunkBytes = new byte[length];
            stored = new byte[most];
        }
        chunk.get(0, chunkBytes, 0, length);
        ByteBuffer.wrap(stored).putInt(length);
        final int size = compressor.compress(chunkBytes, 0, length, stored, Integer.BYTES);
        return Arrays.copyOf(stored, Integer.BYTES + size);
    }

    byte[] decode(byte[] bytes) {
        final int length = ByteBuffer.wrap(bytes).getInt();
        if (length == AS_IT_IS) {
            return Arrays.copyOfRange(bytes, Integer.BYTES, bytes.length);
        }
        final byte[] chunk = new byte[length];
        decompressor.decompress(bytes, Integer.BYTES, bytes.length - Integer.BYTES, chunk, 0);
        return chunk;
    }
}
