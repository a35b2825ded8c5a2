/// @file
/// What it means when the Kubernetes API does not do what it was asked, in one sentence for people,
/// with what to check. Pure functions, any thread; bodies of any shape are judged and never throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::kubernetes {

/// What was asked for.
struct attempted_call {
  std::string_view verb;       ///< "get" or "patch"
  std::string_view name_space; ///< of the Deployment
  std::string_view name;       ///< of the Deployment
  /// Directory of the service account's files, for advice.
  std::string_view account_directory;
};

/// @param status of the answer, anything but 2xx. @param body of it: a Status object
/// (kubernetes/apimachinery, pkg/apis/meta/v1/types.go) or whatever somebody on the way made of it.
/// It must not have the token in it.
std::string describe_refusal(const attempted_call& what, unsigned status, std::string_view body);

/// There was no answer. @param reason what the connection says. @param authority host and port.
std::string describe_silence(const attempted_call& what, std::string_view authority,
                             std::string_view reason);

/// Whether the same request may go well in a moment: too many requests, or a failure of the server.
bool is_transient(unsigned status);

/// Seconds that the API asks to be left alone, from `details.retryAfterSeconds`; 0 when it does not
/// say.
std::int64_t retry_after_seconds(std::string_view body);

} // namespace synapse::kubernetes
