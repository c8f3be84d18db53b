"""The two versions of OpenQASM as rooms write them: names of gates, definitions, declarations.

Sources: arXiv:1707.03429 and Qiskit's ``qelib1.inc`` for version 2; openqasm.com ("standard library") for
version 3. What an include file lacks is defined in the text, up to a global phase, from gates that both have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["OPENQASM_2", "OPENQASM_3", "QELIB1", "Language"]

# By Qiskit's name: those that the include file has under the same name.
QELIB1: Mapping[str, str] = {
    name: name
    for name in (
        "id x y z h s sdg t tdg sx sxdg rx ry rz p u u1 u2 u3 cx cy cz ch csx swap cp crx cry crz cu cu1 cu3 "
        "rxx rzz ccx cswap"
    ).split()
}
_STDGATES: Mapping[str, str] = {
    **{
        name: name
        for name in (
            "id x y z h s sdg t tdg sx rx ry rz p u1 u2 u3 cx cy cz ch swap cp crx cry crz cu ccx cswap"
        ).split()
    },
    "u": "U",
    "cu1": "cp",
}
# Further words of the include files, which no register may have.
_FURTHER_2 = "u0 rccx rc3x c3x c4x c3sqrtx CX U".split()
_FURTHER_3 = "CX phase cphase".split()

_CONJUGATED_ZZ = "cx a,b; rz(theta) b; cx a,b;"
# Parameters in alphabetical order: Qiskit's importer of version 3 (0.6) takes them in that order, not in the text's.
_DEFINED_IN_BOTH = {
    "r": "gate r(alpha,beta) a { rz(-beta) a; rx(alpha) a; rz(beta) a; }",
    "ryy": f"gate ryy(theta) a,b {{ rx(pi/2) a; rx(pi/2) b; {_CONJUGATED_ZZ} rx(-pi/2) a; rx(-pi/2) b; }}",
    "rzx": f"gate rzx(theta) a,b {{ h b; {_CONJUGATED_ZZ} h b; }}",
    "iswap": "gate iswap a,b { s a; s b; h a; cx a,b; cx b,a; h b; }",
    "dcx": "gate dcx a,b { cx a,b; cx b,a; }",
    "ecr": (
        "gate ecr a,b { h b; cx a,b; rz(pi/4) b; cx a,b; h b; x a; h b; cx a,b; rz(-pi/4) b; cx a,b; h b; }"
    ),
    "cs": "gate cs a,b { cp(pi/2) a,b; }",
    "csdg": "gate csdg a,b { cp(-pi/2) a,b; }",
    "ccz": "gate ccz a,b,d { h d; ccx a,b,d; h d; }",
}
_DEFINED_IN_3 = {
    **_DEFINED_IN_BOTH,
    "sxdg": "gate sxdg a { s a; h a; s a; }",
    "csx": "gate csx a,b { h b; cp(pi/2) a,b; h b; }",
    "cu3": "gate cu3(alpha,beta,delta) a,b { cu(alpha,beta,delta,0) a,b; }",
    "rxx": f"gate rxx(theta) a,b {{ h a; h b; {_CONJUGATED_ZZ} h a; h b; }}",
    "rzz": f"gate rzz(theta) a,b {{ {_CONJUGATED_ZZ} }}",
}


@dataclass(frozen=True)
class Language:
    """A version of OpenQASM.

    Attributes:
        version: 2 or 3.
        included: Its include file's name for each of Qiskit's gates.
        defined: The text that defines each of Qiskit's gates that the include file lacks, under Qiskit's name.
        reserved: Further words of the include file.
    """

    version: int
    included: Mapping[str, str]
    defined: Mapping[str, str]
    reserved: frozenset[str]

    @property
    def names(self) -> Mapping[str, str]:
        """Its word for each of Qiskit's gates that can be written."""
        return {**self.included, **{name: name for name in self.defined}}

    @property
    def statements(self) -> Mapping[str, str]:
        """As `names`, with the statements that look like a gate."""
        return {**self.names, "barrier": "barrier", "reset": "reset"}

    @property
    def words(self) -> frozenset[str]:
        """What no register may be called beside the language's own keywords, the qubits' ``q`` included."""
        return frozenset({"q", *self.names, *self.included.values(), *self.reserved})

    def head(
        self, used: Iterable[str], qubits: int, registers: Iterable[tuple[str, int]]
    ) -> list[str]:
        """Version, include, definitions and declarations, one line each.

        Args:
            used: Qiskit's names of the gates that the program uses.
            qubits: How many qubits the register ``q`` has.
            registers: Name and size of each classical register.
        """
        names = set(used)
        definitions = [text for name, text in self.defined.items() if name in names]
        if self.version == 2:
            first = ["OPENQASM 2.0;", 'include "qelib1.inc";', *definitions, f"qreg q[{qubits}];"]
            return first + [f"creg {name}[{size}];" for name, size in registers]
        first = ["OPENQASM 3.0;", 'include "stdgates.inc";', *definitions, f"qubit[{qubits}] q;"]
        return first + [f"bit[{size}] {name};" for name, size in registers]

    def measure(self, qubit: int, bit: str) -> str:
        """The statement that measures a qubit of ``q``."""
        return (
            f"measure q[{qubit}] -> {bit};" if self.version == 2 else f"{bit} = measure q[{qubit}];"
        )


OPENQASM_2 = Language(2, QELIB1, _DEFINED_IN_BOTH, frozenset(_FURTHER_2))
OPENQASM_3 = Language(3, _STDGATES, _DEFINED_IN_3, frozenset(_FURTHER_3))
