import Glibc

/// Standard input, output and error.
public enum StandardStreams {
    /// Takes the numbers of those that whoever started the process has closed, so that no file or socket gets them and
    /// is written to in their name. Reading and writing them stay errors.
    public static func holdClosed() {
        for (number, refusing) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is this one: those below it are open by now.
            _ = open("/dev/null", refusing)
        }
    }
}
