package dev.aioscope.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;

/**
 * Adds stack maps to classes of Java 5, such as those of picocli. Without them, Java neither takes a class into the start-up
 * archive nor verifies it quickly: that cost a fifth of the start's processor time with Java 25. The build runs this file as a
 * single-file program.
 */
final class StackMaps {
    /** The first class file version with stack maps is 50; from 51 on Java no longer accepts a class without. */
    private static final int FIRST_VERSION = Opcodes.V1_7;

    private StackMaps() {}

    /** Changes the jars in the folder of the first argument, which are also on the class path. */
    public static void main(String[] arguments) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(arguments[0]))) {
            for (Path jar :
                    files.filter(file -> file.toString().endsWith(".jar")).toList()) {
                if (hasOldClasses(jar)) {
                    Path changed = Path.of(jar + ".new");
                    copy(jar, changed);
                    Files.move(changed, jar, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static boolean hasOldClasses(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                try (InputStream in = zip.getInputStream(entry)) {
                    if (isOld(entry, in.readNBytes(8))) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    private static boolean isOld(ZipEntry entry, byte[] content) {
        return entry.getName().endsWith(".class") && content[7] < FIRST_VERSION;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (ZipFile zip = new ZipFile(from.toFile());
                OutputStream file = Files.newOutputStream(to);
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                byte[] content;
                try (InputStream in = zip.getInputStream(entry)) {
                    content = in.readAllBytes();
                }
                ZipEntry copy = new ZipEntry(entry.getName());
                copy.setTimeLocal(entry.getTimeLocal());
                out.putNextEntry(copy);
                out.write(isOld(entry, content) ? withStackMaps(content) : content);
                out.closeEntry();
            }
        }
    }

    private static byte[] withStackMaps(byte[] old) {
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_FRAMES);
        ClassVisitor newer = new ClassVisitor(Opcodes.ASM9, writer) {
            @Override
            public void visit(
                    int version, int access, String name, String signature, String base, String[] interfaces) {
                super.visit(FIRST_VERSION, access, name, signature, base, interfaces);
            }
        };
        new ClassReader(old).accept(newer, 0);
        return writer.toByteArray();
    }
}
