// Passkeys: the browser asks for one, and its answer goes into the form. `data-passkey` is `create` or `get`; the options
// are in `data-options`, or are read from the form's address.
{
  const optionsOf = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return (await answer.json()).request_options;
  };
  const asked = async (form) => {
    const { publicKey } = await optionsOf(form);
    if (form.dataset.passkey === "get") {
      return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
    }
    // The device keeps the passkey, so that it signs in without a username.
    Object.assign(publicKey.authenticatorSelection, { residentKey: "required", requireResidentKey: true });
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  };
  const problem = (form) => form.querySelector("[data-problem]");

  // Pages are as without scripts until here.
  document.addEventListener("DOMContentLoaded", () => {
    const isAble = "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
    document.querySelectorAll("form[data-passkey]").forEach((form) => {
      if (isAble) form.hidden = false;
    });
    document.querySelectorAll("[data-no-passkeys]").forEach((note) => { note.hidden = isAble; });
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-passkey]")) return;
    event.preventDefault();
    problem(form).textContent = "";
    try {
      form.elements.credential.value = JSON.stringify((await asked(form)).toJSON());
      form.submit();
    } catch {
      problem(form).textContent = form.dataset.refused;
    }
  });
}
