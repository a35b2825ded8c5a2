#include "actors/protocol/error.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/sec.hpp>

#include <array>

namespace synapse::actors {

namespace {
constexpr std::array<std::string_view, 11> texts{
    "no error",
    "the gateway is shutting down",
    "the responsible actor is not available at the moment",
    "there is no such voice",
    "no voice can be made of this",
    "there is no such upload",
    "the disk refused",
    "this gateway does not run inside a Kubernetes cluster",
    "the Kubernetes API refused",
    "the rollout did not finish in time",
    "the rollout failed",
};
static_assert(texts.size() == static_cast<std::size_t>(ec::count_));
} // namespace

std::string_view describe(ec code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < texts.size() ? texts[index] : "unknown error";
}

std::string render(const caf::error& error) {
  if (!error)
    return std::string{describe(ec::none)};
  std::string text;
  if (error.category() == caf::atom("synapse"))
    text = describe(static_cast<ec>(error.code()));
  else if (error.category() == caf::atom("system"))
    text = caf::to_string(static_cast<caf::sec>(error.code()));
  else
    text = caf::to_string(error.category()) + " error " + std::to_string(error.code());
  if (!error.context().empty())
    text += ": " + caf::deep_to_string(error.context());
  return text;
}

std::string detail(const caf::error& error) {
  if (!error || !error.context().match_elements<std::string>())
    return {};
  return error.context().get_as<std::string>(0);
}

} // namespace synapse::actors
