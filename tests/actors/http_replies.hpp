/// @file
/// What a link to a backend or to an API may answer, for tests in virtual time.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace synapse::actors {

inline http_reply answer(std::uint16_t status, std::string body) {
  http_reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

inline http_reply fault(http_fault what, std::string message) {
  http_reply reply;
  reply.fault = what;
  reply.message = std::move(message);
  return reply;
}

} // namespace synapse::actors
