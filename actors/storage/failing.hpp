/// @file
/// How file operations fail. For them only.
#pragma once

#include "actors/storage/file_ops.hpp"

#include <cerrno>
#include <string>
#include <string_view>

namespace synapse::storage {

[[noreturn]] inline void fail(int code, const char* verb, std::string_view name) {
  throw io_failure{code, std::string{"cannot "} + verb + ' ' + std::string{name} + ": " +
                             describe_errno(code)};
}

inline void check(long outcome, const char* verb, std::string_view name) {
  if (outcome < 0)
    fail(errno, verb, name);
}

} // namespace synapse::storage
