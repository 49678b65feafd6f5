import HTTP
import SocketIO

/// Lets pages of other origins use the API, as far as `http.corsOrigins` says.
enum CrossOrigin {
  /// Answers preflights, and adds to every answer what a browser asks for, errors included. The outermost layer.
  static func middleware(_ policy: CORSPolicy) -> Middleware {
    { request, context, next in
      if request.method == .options, request.headers["access-control-request-method"] != nil {
        return policy.preflight(request)
      }
      var response = try await next(request, context)
      policy.add(to: &response.headers, for: request)
      return response
    }
  }
}
