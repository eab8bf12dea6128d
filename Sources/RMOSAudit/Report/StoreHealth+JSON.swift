package import RMOSModels

extension StoreHealth {
  /// Writes it as an object: `status` (`healthy` or `errors_detected`), `errors`, `warnings`,
  /// `references_checked`, `references_dangling` and `complete`.
  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("status", errors.isEmpty ? "healthy" : "errors_detected")
      for (name, sentences) in [("errors", errors), ("warnings", warnings)] {
        $0.member(name) {
          $0.array {
            for sentence in sentences { $0.string(sentence) }
          }
        }
      }
      $0.member("references_checked", references.reduce(0) { $0 + $1.checked })
      $0.member("references_dangling", danglingReferences)
      $0.member("complete", isComplete)
    }
  }
}
