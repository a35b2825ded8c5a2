#include "actors/protocol/error.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/sec.hpp>

#include <array>

namespace synapse::actors {

namespace {
constexpr std::array<std::string_view, 4> texts{
    "no error",
    "the gateway is shutting down",
    "no backend of that name is configured",
    "the responsible actor is not available at the moment",
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

} // namespace synapse::actors
