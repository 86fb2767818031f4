package dev.aioscope.testing;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Writes images with the 256 most frequent colors, which is enough for a page of text and a third of the size. */
final class PaletteImage {
    private static final int COLORS = 256;

    private PaletteImage() {}

    /** Writes an image, which is in the format PNG, to a file. */
    static void write(byte[] png, Path file) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        Map<Integer, Integer> counts = new HashMap<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                counts.merge(image.getRGB(x, y), 1, Integer::sum);
            }
        }
        List<Integer> palette = counts.entrySet().stream()
                .sorted(Map.Entry.<Integer, Integer>comparingByValue().reversed())
                .limit(COLORS)
                .map(Map.Entry::getKey)
                .toList();
        int[] colors = palette.stream().mapToInt(Integer::intValue).toArray();
        IndexColorModel model = new IndexColorModel(8, colors.length, colors, 0, false, -1, DataBuffer.TYPE_BYTE);
        BufferedImage indexed =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_BYTE_INDEXED, model);
        Map<Integer, Integer> nearest = new HashMap<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                indexed.getRaster()
                        .setSample(
                                x, y, 0, nearest.computeIfAbsent(image.getRGB(x, y), color -> nearest(palette, color)));
            }
        }
        ImageIO.write(indexed, "png", file.toFile());
    }

    private static int nearest(List<Integer> palette, int color) {
        return palette.indexOf(palette.stream()
                .min(Comparator.comparingInt(candidate -> distance(candidate, color)))
                .orElseThrow());
    }

    private static int distance(int a, int b) {
        int sum = 0;
        for (int shift = 0; shift < 24; shift += 8) {
            int difference = ((a >> shift) & 0xff) - ((b >> shift) & 0xff);
            sum += difference * difference;
        }
        return sum;
    }
}
