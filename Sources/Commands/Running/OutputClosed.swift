/// Whoever read what is written has gone.
package struct OutputClosed: Error {}
